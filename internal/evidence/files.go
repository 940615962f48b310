package evidence

import "errors"

// Files are all files below the paths, with the files of a pattern in its place. What comes through a pipe is kept in a file
// until done is called. It fails if anything cannot be read, because half of the evidence would be taken for all of it.
func Files(paths []string) (files []string, done func(), err error) {
	b := &Bundle{}
	b.visit = func(file, _ string) { files = append(files, file) }
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	for _, path := range expanded(paths) {
		if err := b.open(path); err != nil {
			return nil, nil, unreadPaths{{path, err}}
		}
	}
	switch {
	case len(b.Unread) > 0:
		return nil, nil, errors.New(b.Unread[0].String())
	case len(b.Notes) > 0:
		return nil, nil, errors.New(b.Notes[0])
	}
	return files, b.Close, nil
}
