-- Which of these UTC days retention has dropped.
SELECT day FROM dropped_days WHERE day = ANY (%(days)s)
