import type { PersonStore } from "../people/person-store.ts";
import { settingsOf } from "../pipeline-flags.ts";
import type { EngineOptions } from "./live-engine.ts";
import type { LiveModel } from "./live-model.ts";
import type { LiveSettings, LiveValues } from "./live-settings.ts";
import type { LiveSource } from "./live-source.ts";

/** What a live app works with. */
export interface LiveAppOptions {
  readonly store: PersonStore;
  /** Source, model and settings of the pipeline, which pages can change. */
  readonly settings: LiveSettings;
  /** Opens the source that the settings name. */
  readonly openSource: (values: LiveValues) => Promise<LiveSource>;
  /** Finds the model that the settings name. */
  readonly findModel: (values: LiveValues) => Promise<string>;
  /** The face detector, and settings of the pipeline that cannot be changed. */
  readonly pipeline: Omit<EngineOptions["pipeline"], "expression">;
  /** Whether pages begin in privacy mode. Default false. */
  readonly privacy?: boolean;
  /** Whether other machines may open the page. Default false. */
  readonly network?: boolean;
  /** The folder of recorded sessions. */
  readonly sessions: string;
  /** How often expired people are deleted, in ms. Default `RETENTION_CHECK_INTERVAL`. */
  readonly retentionCheckMs?: number;
}

/** The options of the pipeline for a model and for the values of the settings. */
export function pipelineOf(
  { pipeline }: LiveAppOptions,
  { model, values }: { readonly model: LiveModel; readonly values: LiveValues },
): EngineOptions["pipeline"] {
  return { ...pipeline, ...settingsOf(values), expression: model.path };
}
