import js from "@eslint/js";
import vitest from "@vitest/eslint-plugin";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** Which packages each package may import directly; docs/decisions/ says why. */
const mayImport = {
  testing: [],
  format: [],
  cli: ["format"],
  bench: ["format", "cli"],
  plot: ["format"],
  data: ["format", "cli", "plot"],
  train: ["format", "cli", "plot", "data"],
  tune: ["format", "cli", "plot", "data", "train"],
  runtime: ["format", "models"],
  "tfjs-to-onnx": ["format"],
  export: ["format", "cli", "plot", "data", "runtime", "tfjs-to-onnx", "train"],
  camera: ["format", "cli"],
  web: ["format"],
  app: ["format", "cli", "plot", "runtime", "camera", "web"],
  models: [],
  mien: ["format", "cli", "app", "models", "data", "train", "tune", "export"],
};

/** What measures may import bench and cli, too, as may what installs the package of the face models. */
const MEASURES = [
  "packages/*/src/benchmark/**",
  "packages/*/src/commands/benchmark*.ts",
  "packages/runtime/src/{bin,program}.ts",
  "packages/export/src/faces/face-api.ts",
  "packages/export/src/faces/libfacedetection.ts",
];

const importRules = Object.entries(mayImport).flatMap(([name, allowed]) => [
  importRule({ name, allowed, ignores: MEASURES }),
  importRule({ name, allowed: [...allowed, "bench", "cli"], only: MEASURES }),
]);

/** What one package may import, in all its files but those that are ignored, or in some only. */
function importRule({ name, allowed, ignores = [], only }) {
  const forbidden = Object.keys(mayImport).filter((other) => !allowed.includes(other));
  const all = `packages/${name}/src/**/*.{ts,tsx}`;
  return {
    files: only === undefined ? [all] : only.map((files) => [all, files]),
    ignores: ["**/*.test.ts", "**/testing/**", ...ignores],
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
          patterns: [
            {
              group: ["@mien/*/*", ...(name === "mien" ? ["!@mien/*/program"] : [])],
              message: "Import a package by its index.",
            },
          ],
        },
      ],
    },
  };
}

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
      // With more, an options object, whose names stand where it is called.
      "@typescript-eslint/max-params": ["error", { max: 3 }],
      // To name properties beside a rest is how an object is copied without them.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
    },
  },
  {
    files: ["**/*.test.ts"],
    extends: [vitest.configs.recommended],
    rules: {
      "vitest/expect-expect": [
        "error",
        { assertFunctionNames: ["expect", "expect*", "fc.assert"] },
      ],
      // What it.each and fast-check call gets a parameter for each column.
      "@typescript-eslint/max-params": "off",
      // The second one is the message of a failure.
      "vitest/valid-expect": ["error", { maxArgs: 2 }],
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
    rules: { "max-params": ["error", { max: 3 }] },
  },
  {
    // Programs of pages, which run in a browser.
    files: ["packages/*/page/*.js"],
    languageOptions: {
      globals: {
        document: "readonly",
        localStorage: "readonly",
        window: "readonly",
        Blob: "readonly",
        setTimeout: "readonly",
      },
    },
  },
  ...importRules,
  {
    // onnxruntime-node reports to Microsoft unless its telemetry is switched off before.
    files: ["packages/**/*.{ts,tsx}", "tools/**/*.ts"],
    ignores: ["packages/runtime/src/session/load-onnxruntime.ts"],
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
    files: ["packages/tfjs-to-onnx/src/**/*.ts"],
    ignores: ["**/*.test.ts", "**/testing/**", ...MEASURES],
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
