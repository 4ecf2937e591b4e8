// A picture for an assistant: any image that the browser reads, cut square and made small.

const SIDE = 192;

/** The picture as a data: URL of a WebP or PNG image. @throws for a file that is no image */
export async function readPicture(file: File): Promise<string> {
  const image = await createImageBitmap(file);
  const side = Math.min(image.width, image.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const [left, top] = [(image.width - side) / 2, (image.height - side) / 2];
  canvas.getContext("2d")!.drawImage(image, left, top, side, side, 0, 0, SIDE, SIDE);
  image.close();
  return canvas.toDataURL("image/webp", 0.85);
}
