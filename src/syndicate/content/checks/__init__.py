"""What an editor should know of posts, decided from values: rules, what a change brought, reports.

`rule` is the table of every rule there is, also of those that dialects, renderer and index apply
while they work; `proof` applies the others.
"""
