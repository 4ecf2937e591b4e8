// Chinese prose that passes the filters of quality and says nothing.
import { createRandom } from "../src/random.ts";

const characters = Array.from(
  "云风菊窗人东琴水高桃茶月河村今路李剑小秋长花少露看远多梅兰南前诗画棋雪归听灯后门写天书江西左火船旧去地明",
);
/** Sentences of characters drawn by a seed, with the words that any text has. */
export function prose(seed: number): string {
  const random = createRandom(seed + 1);
  const draw = (length: number) =>
    Array.from({ length }, () => characters[random.integer(characters.length)]).join("");
  return Array.from({ length: 9 }, () => `${draw(5)}的${draw(6)}了，${draw(4)}在${draw(3)}。`).join("\n");
}
