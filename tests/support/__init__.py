"""What all tests share: the installation under test, programs, peers."""
