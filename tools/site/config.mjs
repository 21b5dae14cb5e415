import GitHubSlugger from "github-slugger";

/** @param {[text: string, link: string][]} entries */
const pages = (entries) => entries.map(([text, link]) => ({ text, link }));

/** Settings of VitePress. */
export default {
  title: "mien",
  description:
    "Facial-expression models in TypeScript, from a CSV of labelled faces to a live camera.",
  lang: "en-GB",
  srcDir: "pages",
  // No icon: without this, browsers ask the server for one.
  head: [["link", { rel: "icon", href: "data:," }]],
  lastUpdated: false,
  markdown: {
    // The same addresses of headings as in the repository.
    anchor: { slugify: (/** @type {string} */ text) => new GitHubSlugger().slug(text) },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: pages([
      ["Tutorial", "/tutorial"],
      ["Recipes", "/recipes"],
      ["Reference", "/api/"],
      ["Benchmarks", "/benchmarks"],
      ["Questions", "/faq"],
    ]),
    sidebar: [
      {
        text: "Learn",
        items: pages([
          ["Overview", "/overview"],
          ["Tutorial", "/tutorial"],
          ["The steps", "/pipeline"],
          ["Glossary", "/glossary"],
          ["Questions", "/faq"],
        ]),
      },
      {
        text: "Data",
        items: pages([
          ["FER2013", "/fer2013"],
          ["Explore", "/explore"],
          ["Splits and classes", "/splits"],
          ["Wrong labels", "/audit"],
        ]),
      },
      {
        text: "Train",
        items: pages([
          ["Tune", "/tune"],
          ["Experiments", "/experiments"],
          ["Evaluate and release", "/release"],
          ["Files", "/format"],
        ]),
      },
      {
        text: "Run",
        items: pages([
          ["Live page", "/live"],
          ["Cameras", "/cameras"],
          ["From frame to expression", "/runtime"],
          ["Recipes", "/recipes"],
        ]),
      },
      {
        text: "Packages",
        items: pages([
          ["mien", "/packages/mien"],
          ["@mien/runtime", "/packages/runtime"],
          ["@mien/camera", "/packages/camera"],
          ["@mien/models", "/packages/models"],
          ["@mien/tfjs-to-onnx", "/packages/tfjs-to-onnx"],
          ["Reference", "/api/"],
        ]),
      },
      {
        text: "Models",
        items: pages([
          ["Benchmarks", "/benchmarks"],
          ["blend, the default", "/models/blend"],
          ["fer2013", "/models/fer2013"],
          ["ferplus", "/models/ferplus"],
          ["pocket", "/models/pocket"],
          ["Face detector", "/models/faces"],
        ]),
      },
      {
        text: "Change mien",
        items: pages([
          ["Contributing", "/contributing"],
          ["Decisions", "/decisions/"],
        ]),
      },
    ],
  },
};
