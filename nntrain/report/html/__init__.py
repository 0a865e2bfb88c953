"""Self-contained HTML pages: they load nothing and use no library.

Python builds the tables and the data of the figures; the scripts in ``assets`` draw the figures. To add a kind of
figure, add a script with its function, an entry in ``main.js``, and a Python function that returns its data.
"""
