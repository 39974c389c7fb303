-- Remove some of the picked events; how many are done with.
SELECT remove_picked(%(removal_id)s, %(most)s) AS events
