export { exportModel } from "./model/export-model.ts";
