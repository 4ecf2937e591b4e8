// Check digits of Chinese identity numbers, organisations' codes and bank cards.

/** GB 11643: an identity number of 18 places with a day that there was, and its last place right. */
export function isResidentId(text: string): boolean {
  const [year, month, day] = [text.slice(6, 10), text.slice(10, 12), text.slice(12, 14)].map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || year < 1850 || year > 2100) return false;
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += Number(text[i]) * (2 ** (17 - i) % 11);
  return "10X98765432"[sum % 11] === text[17].toUpperCase();
}

const CREDIT_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/** GB 32100: an organisation's code of 18 places, its last one right. */
export function isOrganisationId(text: string): boolean {
  let [sum, weight] = [0, 1];
  for (let i = 0; i < 17; i++) {
    sum += CREDIT_CODE.indexOf(text[i]) * weight;
    weight = (weight * 3) % 31;
  }
  return CREDIT_CODE[(31 - (sum % 31)) % 31] === text[17];
}

/** ISO/IEC 7812 (Luhn): every second digit from the right doubled, its digits added. */
export function isCardNumber(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9;
  }
  return sum % 10 === 0 && /[1-9]/.test(digits);
}
