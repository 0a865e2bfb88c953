"""Results to text: tables, curves and the summary, for people and for programs. It knows results, not engines."""
