package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is one setting of a Config: its tags and the place its value goes.
type field struct {
	variable string
	tag      reflect.StructTag
	value    reflect.Value
}

// fields lists the settings of cfg in the order of their definition.
func fields(cfg *Config) []field { return collect(reflect.ValueOf(cfg).Elem()) }

func collect(structure reflect.Value) []field {
	var found []field
	for i := range structure.NumField() {
		definition, value := structure.Type().Field(i), structure.Field(i)
		if _, embedded := definition.Tag.Lookup("embed"); embedded {
			found = append(found, collect(value)...)
			continue
		}
		found = append(found, field{variable: definition.Tag.Get("var"), tag: definition.Tag, value: value})
	}
	return found
}

// hidden reports whether the value must not be shown, so faults leave it out and *_FILE is offered.
func (f field) hidden() bool { return isHidden(f.value.Type()) }

func isHidden(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || t == reflect.TypeFor[URL]()
}

// example is a value that would do, for the reader of a fault.
func (f field) example() string { return exampleOf(f.tag.Get) }

func exampleOf(tag func(string) string) string {
	for _, candidate := range []string{tag("example"), tag("default")} {
		if candidate != "" {
			return candidate
		}
	}
	return ""
}

// text is the value as an operator would write it, secrets masked.
func (f field) text() string {
	switch value := f.value.Interface().(type) {
	case []netip.Prefix:
		return joined(value)
	case []Origin:
		return joined(value)
	default:
		return fmt.Sprint(value)
	}
}

func joined[T any](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprint(value)
	}
	return strings.Join(texts, ",")
}

// decode reads one setting's text into target. Its errors read on after the value: "is not a duration".
func decode(text string, target reflect.Value) error {
	if unmarshaler, ok := target.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return unmarshaler.UnmarshalText([]byte(text))
	}
	switch destination := target.Addr().Interface().(type) {
	case *time.Duration:
		return decodeDuration(text, destination)
	case *[]netip.Prefix:
		return decodeList(text, destination, decodePrefix)
	case *[]Origin:
		return decodeList(text, destination, func(text string, o *Origin) error { return o.UnmarshalText([]byte(text)) })
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(text)
		return nil
	case reflect.Int:
		return decodeInt(text, target)
	default:
		return fmt.Errorf("cannot be read into a %s", target.Type())
	}
}

func decodeDuration(text string, destination *time.Duration) error {
	duration, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("is not a duration")
	}
	*destination = duration
	return nil
}

func decodeInt(text string, target reflect.Value) error {
	number, err := strconv.Atoi(text)
	if err != nil {
		return errors.New("is not a whole number")
	}
	target.SetInt(int64(number))
	return nil
}

// decodePrefix also takes a lone address, which means just that one.
func decodePrefix(text string, destination *netip.Prefix) error {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		*destination = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return errors.New("is not an address or a CIDR range")
	}
	*destination = prefix.Masked()
	return nil
}

// decodeList splits at commas and skips blanks, so a closing comma is harmless.
func decodeList[T any](text string, destination *[]T, decodeOne func(string, *T) error) error {
	var list []T
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		var element T
		if err := decodeOne(part, &element); err != nil {
			return fmt.Errorf("holds %q, which %w", part, err)
		}
		list = append(list, element)
	}
	*destination = list
	return nil
}
