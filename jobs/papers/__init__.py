"""Papers: what a person prints or keeps, set by typst with a font that ships with us.

Knows the words, not the rows: values come from `jobs.receipts`. Laws: the same facts give the same bytes; every paper
is tagged for screen readers (PDF/UA-1); what a person typed reaches the typesetter as data, never as markup.
"""
