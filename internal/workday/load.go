package workday

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
)

//go:embed years/*.json
var shippedFiles embed.FS

// Shipped gives the years that come with the program: 2024, 2025 and 2026, as the State Council announced them.
func Shipped() ([]Year, error) {
	files, err := fs.Sub(shippedFiles, "years")
	if err != nil {
		return nil, fmt.Errorf("opening the shipped years: %w", err)
	}
	return Load(files)
}

// Load reads every year from the top of a folder, ascending; an operator's folder is read with os.DirFS. A year's file
// is named after it, 2027.json, so that no year can be there twice; other *.json names are errors, other files are
// left alone. The error names the file and wraps a *FileError when the content is at fault.
func Load(files fs.FS) ([]Year, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing the years: %w", err)
	}
	years := make([]Year, 0, len(names))
	for _, name := range names { // Glob sorts
		year, err := loadYear(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path.Base(name), err)
		}
		years = append(years, year)
	}
	return years, nil
}

func loadYear(files fs.FS, name string) (Year, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return Year{}, err
	}
	year, err := ParseYear(data)
	if err != nil {
		return Year{}, err
	}
	if want := strconv.Itoa(year.Number()) + ".json"; name != want {
		return Year{}, fmt.Errorf("it holds the year %d and should be named %s", year.Number(), want)
	}
	return year, nil
}
