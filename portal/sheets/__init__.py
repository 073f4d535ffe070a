"""Excel and CSV in and out: reading under limits, values, profiles, dry runs, writing.

The files of this folder know no table. What is done with the values is the business of the importer that
declares a `Profile`.
"""
