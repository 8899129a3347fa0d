"""Ex-post: what changed after a phase, programme or course, by how much, how sure, and does it last.

Ask `select.choose_method` first: it names the method for a data situation, the function being in the module of that
name (docs/methods.md, METHOD 2.9, has the table situation → function → label). Each function is pure and gives an
`ExPostResult`, a value or a refusal. Only `types`, `labels`, `words`, `confidence`, `situation`, `options…`, `select`
and `contribution` may be imported by a web process: the others load scipy or statsmodels.
"""
