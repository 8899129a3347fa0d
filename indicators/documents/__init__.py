"""DOOR: reports as files that are sent, printed or worked on: PDF, DOCX, XLSX, built by workers."""
