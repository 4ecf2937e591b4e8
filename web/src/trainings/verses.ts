// A reader's poems as what the poet learns: conversations that ask for each, and steps.

/** A poem: lines, and its title where the first is one. */
export interface Poem {
  title: string;
  lines: string[];
}

const TITLE = /^《(.+)》$/;

/** Poems stand apart by empty lines; a first line in 《》 is a title. */
export function poemsIn(text: string): Poem[] {
  return text.split(/\n\s*\n/).flatMap((part) => {
    const lines = part
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    const [, title = ""] = TITLE.exec(lines[0] ?? "") ?? [];
    const verse = title === "" ? lines : lines.slice(1);
    return verse.length > 0 ? [{ title, lines: verse }] : [];
  });
}

/** Each poem is asked for in the words that the poet knows: by its title or any, and by its first clause. */
export function lessonsOf(poems: readonly Poem[]): { role: string; content: string }[][] {
  return poems.flatMap(({ title, lines }) => {
    const [first = ""] = (lines[0] ?? "").split(/[，。！？；、,.!?;]/);
    const questions = [title === "" ? "写一首诗" : `以《${title}》为题写一首诗`, `续写：${first}，`];
    return questions.map((content) => [
      { role: "user", content },
      { role: "assistant", content: lines.join("\n") },
    ]);
  });
}

/** Few poems are soon learned by heart; many take longer. */
export const stepsFor = (poems: number): number => Math.min(200, Math.max(30, 10 * poems));
