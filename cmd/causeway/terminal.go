package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// terminalColumns is how wide the terminal is that w writes to; 0 if it is none.
func terminalColumns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
