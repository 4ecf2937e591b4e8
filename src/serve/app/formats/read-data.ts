// What is wrong with a file that somebody sent is said as a fault of the request.
import { BaimoError } from "../../../errors.ts";
import { badParameter } from "../../problem.ts";

/** Reads the field `data` of a request. @throws {Problem} 400 */
export function readData<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BaimoError && error.code === "format")
      throw badParameter("data", "invalid_file", error.message);
    throw error;
  }
}
