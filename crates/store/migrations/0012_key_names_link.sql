-- A create's key names its link: no intent is looked for by it any more.
DROP INDEX intent_key;
ALTER TABLE intent DROP COLUMN create_key;
