"""What all pages share: layout, guards, headers, language, tables."""
