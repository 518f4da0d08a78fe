"""The report: what stands now, what happened in a period, and the ten metrics of Da Vinci PAS.

`collect` reads the journal once and makes a `values.Report`; `page`, `workbook` and `files` only show it; each number is computed
in one place. ``docs/report.md`` defines every number.
"""
