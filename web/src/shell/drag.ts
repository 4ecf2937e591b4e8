// Conversations that are dragged by their rows, and places that take them.

const TYPE = "application/x-baimo-conversation";

/** A row is taken hold of. */
export function startDrag({ dataTransfer }: DragEvent, id: string): void {
  dataTransfer?.setData(TYPE, id);
  if (dataTransfer) dataTransfer.effectAllowed = "move";
}

/** Makes an element a place for conversations, with the class "over" while one is held above it; files and links pass by. */
export function takeDropped(take: (id: string) => void) {
  return (place: HTMLElement) => {
    const show = (isOver: boolean) => place.classList.toggle("over", isOver);
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes(TYPE)) return;
      event.preventDefault();
      show(true);
    };
    const leave = ({ relatedTarget }: DragEvent) => {
      if (!(relatedTarget instanceof Node && place.contains(relatedTarget))) show(false);
    };
    const drop = (event: DragEvent) => {
      show(false);
      const id = event.dataTransfer?.getData(TYPE);
      if (!id) return;
      event.preventDefault();
      take(id);
    };
    place.addEventListener("dragover", over);
    place.addEventListener("dragleave", leave);
    place.addEventListener("drop", drop);
    return () => {
      place.removeEventListener("dragover", over);
      place.removeEventListener("dragleave", leave);
      place.removeEventListener("drop", drop);
    };
  };
}
