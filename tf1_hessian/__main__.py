"""`python -m tf1_hessian` is the command line `tf1-hessian`."""
from tf1_hessian_command import main

if __name__ == "__main__":
    main()
