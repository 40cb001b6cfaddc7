-- What one run of the sync, or one mass act of a person, wrote: found record by record, in their order.
ALTER TABLE log ADD COLUMN run INTEGER;
CREATE INDEX log_run ON log (team, run, record, at_us, id) WHERE run IS NOT NULL;
