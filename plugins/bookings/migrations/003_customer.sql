-- The bookings of one person, for rules that count them.
CREATE INDEX booking_email ON booking (organization_id, email_folded)
  WHERE email_folded IS NOT NULL;
CREATE INDEX booking_phone ON booking (organization_id, phone_digits)
  WHERE phone_digits IS NOT NULL;
