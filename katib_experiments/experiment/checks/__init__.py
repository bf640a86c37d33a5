"""What can be wrong with an Experiment, one subject per file; :mod:`..validation` calls them all.

Each check takes the :class:`.findings.Findings` to add to and the part of the document that it is
about, already of the right types: :mod:`.schema` has reported and taken out what is not.
"""
