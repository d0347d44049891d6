"""The one decorator of kernels, its disk cache, and how strategies and arrays enter kernels."""
