// What every subject of an evaluation offers.
import type { Price } from "../../upstream/price.ts";
import type { Answer } from "../score/score-task.ts";
import type { EvalRequest } from "../tasks/eval-request.ts";
import type { ChatRenderer } from "../tasks/turns.ts";

/** One question, with the number of its repetition. */
export interface Question {
  readonly request: EvalRequest;
  readonly repeat: number;
  /** Seeds what is drawn; the same question has the same. */
  readonly seed: number;
}

/** What an answer took. */
export interface AnswerCost {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of money, where the subject has a price: in its currency. */
  readonly amount?: number;
  /** Of the run's time. */
  readonly seconds?: number;
  /** Seconds from the question to its answer, where it was asked by itself. */
  readonly latency?: number;
  /** The tokens are the most that they may be: the endpoint counts none. */
  readonly isBound?: boolean;
}

/** An answer with what it took. */
export interface Answered {
  readonly answer: Answer;
  readonly cost: AnswerCost;
  /** Why there is no answer; it is asked again when the run goes on. */
  readonly failed?: string;
}

/** A template for conversations, and its source for the files. */
export interface SubjectChat {
  readonly render: ChatRenderer;
  readonly source: string;
}

/** Something that answers. */
export interface Subject {
  readonly name: string;
  /** Tokens of prompt and answer together, where they are known. */
  readonly contextLength?: number;
  /** Left out: it has no template, or applies its own. */
  readonly chat?: SubjectChat;
  /** What results files say of it: parameters, types, tokens. */
  readonly facts: Readonly<Record<string, unknown>>;
  /**
   * Answers questions in their order. Which are asked together changes no answer.
   * @throws {BaimoError} where one cannot be answered
   */
  ask(questions: readonly Question[], signal?: AbortSignal): Promise<Answered[]>;
  /** The tokens of a text, for an estimate. */
  countTokens(text: string): number;
  /** What its tokens cost. */
  readonly price?: Price;
  /** Told of the answers that a run has already, before it goes on. */
  resume?(answers: readonly Answered[]): void;
}
