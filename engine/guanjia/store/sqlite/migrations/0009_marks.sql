-- What decides who sees a case (marks.py of the core), as text in which lists look. Cases of before are marked when the program
-- first opens the office; until then only an unbounded sight reaches them.

ALTER TABLE cases ADD COLUMN marks TEXT;
