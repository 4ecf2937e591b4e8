// What a pattern's tree says before any text is seen: size, widths, first characters.

import type { PatternNode } from "./regex-tree.ts";

/** The number of a tree's parts. */
export function countNodes(node: PatternNode): number {
  switch (node.kind) {
    case "sequence":
      return node.parts.reduce((sum, part) => sum + countNodes(part), 1);
    case "either":
      return node.choices.reduce((sum, choice) => sum + countNodes(choice), 1);
    case "class":
      return 1;
    default:
      return 1 + countNodes(node.inner);
  }
}

/** How many code units a part takes at least and at most. */
export function widthOf(node: PatternNode): [least: number, most: number] {
  switch (node.kind) {
    case "class":
      return [1, 2];
    case "look":
      return [0, 0];
    case "atomic":
      return widthOf(node.inner);
    case "sequence":
      return node.parts.map(widthOf).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    case "either": {
      const widths = node.choices.map(widthOf);
      return [Math.min(...widths.map(([least]) => least)), Math.max(...widths.map(([, most]) => most))];
    }
    case "repeat": {
      const [least, most] = widthOf(node.inner);
      return [least * node.least, most === 0 || node.most === 0 ? 0 : most * node.most];
    }
  }
}

/** Whether a part may match the empty text. */
export const mayBeEmpty = (node: PatternNode): boolean => widthOf(node)[0] === 0;

/** Whether a part may match a text that begins with a character. */
export function mayBegin(node: PatternNode, character: string): boolean {
  switch (node.kind) {
    case "class":
      return node.has(character);
    case "look":
      return false;
    case "either":
      return node.choices.some((choice) => mayBegin(choice, character));
    case "sequence":
      for (const part of node.parts) {
        if (mayBegin(part, character)) return true;
        if (!mayBeEmpty(part)) return false;
      }
      return false;
    default:
      return mayBegin(node.inner, character);
  }
}

/** The one character with which every match of a part begins, if there is one. */
export function firstCharacter(node: PatternNode): string | undefined {
  switch (node.kind) {
    case "class":
      return node.only;
    case "sequence":
      return node.parts.length > 0 ? firstCharacter(node.parts[0]) : undefined;
    case "repeat":
      return node.least > 0 ? firstCharacter(node.inner) : undefined;
    case "atomic":
      return firstCharacter(node.inner);
    default:
      return undefined;
  }
}

/** Whether a part matches everywhere, if only the empty text. */
export function cannotFail(node: PatternNode): boolean {
  switch (node.kind) {
    case "class":
    case "look":
      return false;
    case "atomic":
      return cannotFail(node.inner);
    case "sequence":
      return node.parts.every(cannotFail);
    case "either":
      return node.choices.some(cannotFail);
    case "repeat":
      return node.least === 0 || cannotFail(node.inner);
  }
}
