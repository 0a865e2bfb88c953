"""Pages of HTML that need nothing else: no network, no library.

Python builds tables and the data of figures; the scripts in ``assets`` draw the figures from these data. A new kind of
figure is a function in a script of its own, an entry in ``main.js``, and a builder that returns its data.
"""
