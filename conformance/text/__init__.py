"""What every view writes with: text made harmless, numbers and tables, lines of status."""
