/** What a person consents to before the first picture is taken; stored with the date of consent. */
export function consentText(name: string, folder: string, keepDays: number): string {
  return (
    `mien stores, on this computer only, in the folder ${folder}: the name "${name}", small ` +
    `pictures of this person's face, and numbers computed from the pictures, which are used to ` +
    `recognise the face. They are used to show the name beside the face, and for nothing else. After ` +
    `${keepDays} days they are deleted; at any time before, "delete" on the page or ` +
    `\`npx nx run app:people delete NAME\` deletes all of them, also from recorded sessions. ` +
    `Consent is voluntary and can be withdrawn at any time.`
  );
}
