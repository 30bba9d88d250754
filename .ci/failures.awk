# Prints the first failed assertions of TAP, each below the names of its tests and with its diagnostics.
#
#   awk -f .ci/failures.awk OUTPUT
BEGIN {
  FAILURES = 5
  LINES = 60
}

{
  gsub(/\033\[[0-9;]*m/, "")
  match($0, /^ */)
  indent = RLENGTH
}

# A failed test follows its failed assertions, with a smaller indent.
/^ *not ok / {
  left = 0
  if (indent >= failed && ++count <= FAILURES) {
    path = ""
    for (level = 0; level <= indent; level += 4) if (name[level] != "") path = path " > " name[level]
    print "--" path
    left = LINES
  }
  failed = indent
}

left > 0 {
  print
  left--
}

/^ *\.\.\.$/ { left = 0 }

# The name of a test precedes what it contains, with the same indent as its result.
/^ *# Subtest: / {
  name[indent] = $0
  sub(/^ *# Subtest: /, "", name[indent])
  for (level = indent + 4; level < 100; level += 4) name[level] = ""
}

/^ *(not )?ok / { name[indent] = "" }

END {
  if (count > FAILURES) print "-- and " count - FAILURES " more"
}
