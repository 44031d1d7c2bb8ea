/** Tells what happens: numbered steps, indented details, how long each step took. */
export class Narrator {
  readonly #out: NodeJS.WriteStream
  #number = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  /** Does one step and prints its title before and its duration behind it. */
  async step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
    this.#number += 1
    this.say(`\n${this.#number}. ${title} (${timeOfDay()})`)
    const startedAt = performance.now()
    const result = await work()
    this.detail(`took ${seconds(performance.now() - startedAt)}`)
    return result
  }

  /** A line below the title of the step. Text of several lines is indented as a whole. */
  readonly detail = (text: string): void => {
    this.say(text.replaceAll(/^(?=.)/gm, '   '))
  }

  /** A line of its own. */
  say(text: string): void {
    this.#out.write(`${text}\n`)
  }
}

/** A duration for people. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

/** A number for people. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}

function timeOfDay(): string {
  return `${new Date().toISOString().slice(11, 19)} UTC`
}
