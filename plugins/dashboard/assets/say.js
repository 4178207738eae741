// Prices and lengths in words.

// 45.5, "USD" -> "$45.50"
export function sayPrice(price, currency) {
  if (price === null || price === undefined) return "—";
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).format(price);
  } catch { // a code that no currency has
    return `${price} ${currency}`;
  }
}

// 90 -> "1 h 30 min"
export function sayLength(minutes) {
  const hours = Math.floor(minutes / 60), rest = minutes % 60;
  return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}
