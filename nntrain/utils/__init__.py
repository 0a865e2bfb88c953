"""What every package uses: files, JSON, memory, random streams."""
