"""What the rules' fixes are built with: where a claim stands in the program, and edits that keep its layout."""
