"""The commands of ``priorbot``, by what they are for. Nothing heavy is imported before a command runs."""
