"""Checks for editors: the rules, the checks of posts, new problems of a change, and reports.

`rules` lists all rules, also those that dialects, renderer and index apply; `post_checks` applies
the others.
"""
