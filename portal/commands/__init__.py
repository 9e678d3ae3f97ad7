"""The commands of `tieout`, by subject. Each module is imported only when one of its commands is called.

Law: a command asks the floors below and says what came of it; it decides nothing about money itself.
"""
