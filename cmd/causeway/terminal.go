package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminalColumns is the width of the terminal that w writes to, in columns; 0 if w is no terminal.
func terminalColumns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
