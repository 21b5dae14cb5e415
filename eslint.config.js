import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** Which packages each package may import directly; docs/decisions/ says why. */
const mayImport = {
  testing: [],
  format: [],
  cli: ["format"],
  plot: ["format"],
  data: ["format", "cli", "plot"],
  train: ["format", "cli", "plot", "data"],
  tune: ["format", "cli", "plot", "data", "train"],
  runtime: ["format"],
  export: ["format", "cli", "plot", "data", "runtime", "train"],
  web: ["format"],
  app: ["format", "cli", "plot", "runtime", "web"],
};

const importRules = Object.entries(mayImport).map(([name, allowed]) => {
  const forbidden = Object.keys(mayImport).filter((other) => !allowed.includes(other));
  return {
    files: [`packages/${name}/src/**/*.{ts,tsx}`],
    ignores: ["**/*.test.ts", "**/testing/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [
            ...forbidden.map((other) => ({
              name: `@mien/${other}`,
              message: `${name} may import only: ${allowed.join(", ") || "nothing"}.`,
            })),
            ...(name === "train"
              ? []
              : [{ name: "@tensorflow/tfjs-node", message: "Only train knows tfjs." }]),
          ],
          patterns: [{ group: ["@mien/*/*"], message: "Import a package by its index." }],
        },
      ],
    },
  };
});

export default defineConfig(
  {
    ignores: [
      ...["**/dist/**", "**/node_modules/**", "artifacts/**", "datasets/**"],
      ...[".cache/**", ".nx/**", ".venv/**"],
    ],
  },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["vitest.config.ts"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: {
      globals: {
        console: "readonly",
        process: "readonly",
        performance: "readonly",
        URL: "readonly",
      },
    },
  },
  ...importRules,
  {
    // onnxruntime-node reports to Microsoft unless its telemetry is switched off before.
    files: ["packages/**/*.{ts,tsx}", "tools/**/*.ts"],
    ignores: ["packages/runtime/src/load-onnxruntime.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          name: "onnxruntime-node",
          allowTypeImports: true,
          message:
            "Take it from loadOnnxruntime of @mien/runtime, which switches its telemetry off.",
        },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ImportExpression > Literal[value='onnxruntime-node']",
          message:
            "Take it from loadOnnxruntime of @mien/runtime, which switches its telemetry off.",
        },
      ],
    },
  },
  {
    // The converter must work alone: it knows the model format, not how models are trained.
    files: ["packages/export/src/convert/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "^@mien/(?!format$)", message: "The converter imports only format." },
            { group: ["@tensorflow/*"], message: "The converter needs no tfjs." },
          ],
        },
      ],
    },
  },
);
