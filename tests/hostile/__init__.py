"""A stranger's tree, looked at in every way there is: none of its code runs, nothing of the user's is harmed."""
