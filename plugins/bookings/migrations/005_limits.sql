-- The bookings of one service in a span of time, for limits that count them.
CREATE INDEX booking_service ON booking (service_id, start_at, end_at);
