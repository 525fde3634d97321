/**
 * Questions of the same moment, asked of the database as one: where many wait for something, each
 * call wakes them all, and each of them asks.
 */
import { setImmediate } from 'node:timers/promises';

export class Together<Question, Answer> {
  readonly #askAll: (questions: readonly Question[]) => Promise<Answer>;
  #waiting: Question[] = [];
  #next: Promise<Answer> | undefined;

  /** @param askAll answers all of the questions at once */
  constructor(askAll: (questions: readonly Question[]) => Promise<Answer>) {
    this.#askAll = askAll;
  }

  /** What answers this question, and others with it. Never older than the call. */
  ask(question: Question): Promise<Answer> {
    this.#waiting.push(question);
    this.#next ??= setImmediate().then(() => this.#askWaiting());
    return this.#next;
  }

  #askWaiting(): Promise<Answer> {
    const questions = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    return this.#askAll(questions);
  }
}
