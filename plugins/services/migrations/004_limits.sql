-- How many bookings a service takes in a day, a week and a month (limits.lua); JSON, or NULL.
ALTER TABLE service ADD COLUMN limits TEXT;
