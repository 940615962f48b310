package archive

import (
	"archive/zip"
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/xuri/excelize/v2"
)

// isWorkbook reports whether a zip is an Excel workbook.
func isWorkbook(z *zip.Reader) bool {
	return slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == "xl/workbook.xml" })
}

// workbook calls f with each sheet as CSV. Numbers and times are taken as they are stored, not as they are shown.
func (w *walker) workbook(name string, file *os.File, size int64) error {
	most := int64(bombFloor) + bombFactor*size
	book, err := openWorkbook(file, size, excelize.Options{RawCellValue: true, UnzipSizeLimit: most, UnzipXMLSizeLimit: min(most, 16<<20)})
	if err != nil {
		return fmt.Errorf("read an Excel workbook: %w; save it as CSV UTF-8 and give that", err)
	}
	defer book.Close()
	if p, err := book.GetWorkbookProps(); err == nil && p.Date1904 != nil && *p.Date1904 {
		return errors.New("read an Excel workbook: it counts days from 1904, as Excel for Mac could; save it as CSV UTF-8 and give that")
	}
	for i, sheet := range book.GetSheetList() {
		as := name
		if i > 0 {
			as += ":" + sheet
		}
		show := func(l *Leaf) error {
			l.Sheet = i
			return w.f(l)
		}
		err := (&walker{f: show}).converted(as, "read an Excel workbook", func(out io.Writer) error { return writeSheet(out, book, sheet) })
		if err != nil {
			return err
		}
	}
	return nil
}

func openWorkbook(file *os.File, size int64, o excelize.Options) (book *excelize.File, err error) {
	err = guarded(func() error {
		var err error
		book, err = excelize.OpenReader(bufio.NewReader(io.NewSectionReader(file, 0, size)), o)
		return err
	})
	return book, err
}

// writeSheet writes the rows of a sheet as CSV.
func writeSheet(out io.Writer, book *excelize.File, sheet string) error {
	rows, err := book.Rows(sheet)
	if err != nil {
		return err
	}
	defer rows.Close()
	c := csv.NewWriter(out)
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return err
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return errors.Join(rows.Error(), c.Error())
}
